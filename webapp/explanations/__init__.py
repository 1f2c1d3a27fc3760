"""Why a model said what it said: at once for classes, in the background for objects."""
