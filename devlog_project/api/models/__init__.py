"""What the API itself keeps: a module for each noun."""
