"""What only a local Azure Batch has: its own state, told to and steered by who owns the data folder."""
