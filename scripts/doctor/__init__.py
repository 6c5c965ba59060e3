"""`mwaa doctor`: all that can be wrong between this machine and a running environment, a module for each group."""
