"""The students of a class: admitted, shown to the teacher, removed."""
