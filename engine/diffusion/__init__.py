"""Diffusion in the sigma space of Karras et al. 2022 (EDM): pure functions that know no model.

x = data + sigma * noise, and a `Denoiser` estimates the data. Everything else
here makes, combines or integrates denoisers.
"""
