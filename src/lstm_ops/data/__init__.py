"""Series: where they come from, what they must be like, how they are cut, windowed and scaled."""
