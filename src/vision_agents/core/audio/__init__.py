"""Frames of sound: conversion, resampling, pacing."""
