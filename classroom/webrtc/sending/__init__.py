"""One program to many students: encoded once, sent to each connection."""
