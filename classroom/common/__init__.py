"""What every room may use: time, errors, limits, sentences, alarms, tasks."""
