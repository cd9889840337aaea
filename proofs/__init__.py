"""Proofs that start real servers: `python -m proofs.kill_worker`, and so on, each with its negative control.

Each starts gunicorn and its database on loopback in a folder that is thrown away, lets virtual patients answer,
breaks something, and compares what patients saw accepted with what is stored. A control is the same with one
guard taken away (`without/`), and has to fail.
"""
