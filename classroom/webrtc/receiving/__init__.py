"""What browsers send to the lesson: a camera, a microphone or a screen."""
