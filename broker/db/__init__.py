"""PostgreSQL: the pool, the outbox and the migrations. SQL of a room lives in its `store.py`."""
