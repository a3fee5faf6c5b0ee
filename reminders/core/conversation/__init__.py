"""What a reply falls into, what it means there, and what follows from it. Pure: services gather and apply."""
