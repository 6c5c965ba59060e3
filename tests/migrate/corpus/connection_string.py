"""Airflow's database, reached by its own connection string.

on 3.3.1: run
found by: database
"""

from datetime import datetime

from airflow import DAG
from airflow.configuration import conf
from sqlalchemy import create_engine, text
from airflow.operators.python import PythonOperator


def work(**context):
    engine = create_engine(conf.get("database", "sql_alchemy_conn"))
    with engine.connect() as connection:
        return connection.execute(text("select count(*) from dag_run")).scalar()


with DAG("connection_string", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    PythonOperator(task_id="work", python_callable=work)
