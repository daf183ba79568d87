"""Rules and state machines without I/O: state and fact in; new state, effects and refusals out."""
