"""Is a model good, do people agree, and how sure are we: metrics, intervals and reports."""
