"""What `backdrops` and `distractors` paint with: colours, noise, light, lettering, viewpoints."""
