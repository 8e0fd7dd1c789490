"""Stage 3: algorithms and recipes become candidates, candidates become a leaderboard."""
