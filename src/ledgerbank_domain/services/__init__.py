"""The use-cases: each orders entities, rules and ports within a unit of work, and knows no adapter."""
