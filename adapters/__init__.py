"""What runs inside an agency; knows the contract, never the broker."""
