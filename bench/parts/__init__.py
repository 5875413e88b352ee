"""What benchmarks share, and what they run in processes of their own. None of these is a benchmark."""
