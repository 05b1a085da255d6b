"""What a browser sends to the lesson: its camera, microphone or screen."""
