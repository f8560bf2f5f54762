"""Real Apache Kafka and real PostgreSQL from Python packages: no Java, no Docker, no root.

For the demonstration, the tests and the benchmarks. Data stands in one folder and
survives restarts; what is downloaded stands in a cache outside the repository.
"""
