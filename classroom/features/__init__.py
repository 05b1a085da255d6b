"""What a teacher can do in a lesson, one file and one class for each."""
