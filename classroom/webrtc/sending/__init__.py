"""Sends one program to many students: encoded once, sent over each connection."""
