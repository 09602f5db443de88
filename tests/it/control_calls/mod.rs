//! The control surface: certificates, tokens, its description, and how its calls are refused.

mod certificates;
mod openapi;
mod surface;
mod tokens;
