"""The baseline of `benchmarks.browse`: a page with one `st.image` for each picture."""

import streamlit as st

from model.learning.data import load_mnist
from model.reading.filter_and_order import Filter, filter_images
from model.reading.recognizer import Recognizer
from ops.settings import settings

PER_PAGE = 60


@st.cache_resource
def read():
    data = load_mnist(settings().data)[1]
    return data, Recognizer.load().probabilities(data.frames)


st.set_page_config(layout="wide")
data, probabilities = read()
result = st.selectbox("Result", ["all", "right", "wrong"])
chosen = filter_images(Filter(result=result), data.labels, probabilities)
st.write(f"**{len(chosen):,}** images")
with st.container(horizontal=True):
    for index in chosen[:PER_PAGE]:
        st.image(data.images[index], caption=f"{probabilities[index].argmax()}", width=74)
