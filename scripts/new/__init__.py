"""`mwaa new`: a dbt project, a DAG or a model, made as the house writes them; nothing is registered anywhere."""
