//! Values as XML.
