"""Anti-money-laundering in Mexico (LFPIORPI): obligations by the law, suspicion by learning, never mixed."""
