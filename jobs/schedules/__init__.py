"""Runs that start by themselves: when, and whether there is anything new to analyse."""
