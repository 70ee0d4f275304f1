"""The job engine: handing out, running, taking over and administering. Knows no kind of job."""
