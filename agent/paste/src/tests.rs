//! Invented output in the forms that makers publish, and output that is made to do harm.

mod hostile;
mod makers;
mod samples;
