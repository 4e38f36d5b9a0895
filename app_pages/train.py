"""The Train page: start a training run, watch and stop it, and serve its network."""

import streamlit as st

from model.errors import DigitError
from ui.owner import owner_auth
from ui.owner.served_network import ask_what_to_serve
from ui.owner.training_run import ask_for_run, show_outcome, watch_run
from ui.show_error import show_error

st.title("Train")
owner_auth.require_access(owner_auth.TRAINING)
owner_auth.show_log_out()
jobs = owner_auth.training_jobs()
problem = owner_auth.take_problem()
try:
    status = jobs.status()
    if status.is_on:
        watch_run(jobs, problem)
    else:
        owner_auth.show_problem(problem)
        show_outcome(jobs, status)
        ask_for_run(jobs)
    ask_what_to_serve(jobs)
except DigitError as error:
    show_error(error, in_full=True)
