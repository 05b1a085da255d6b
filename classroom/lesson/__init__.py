"""What was planned: the lesson file, its model and its faults."""
