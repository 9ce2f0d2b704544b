"""Who asks: one door for every enquiry, what people do with it, and how fast it was answered."""
