"""Who is in the class: let in, shown to the teacher, sent away."""
