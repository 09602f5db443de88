//! The control surface: certificates, tokens, and how its calls are refused.

mod certificates;
mod surface;
mod tokens;
