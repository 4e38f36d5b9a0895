.PHONY: install run train test check lock

install:
	pip install -r requirements-dev.txt

run:
	streamlit run app.py

train:
	python train.py

test:
	pytest

check:
	ruff format --check .
	ruff check .
	pytest -m "not slow and not browser"

lock:
	uv pip compile --universal --python-version 3.11 requirements-dev.txt -o requirements.lock
