"""Steps of a journey, one module each: gather, let core decide, apply."""
