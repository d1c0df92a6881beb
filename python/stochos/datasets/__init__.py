"""Small data that travel with the package."""
