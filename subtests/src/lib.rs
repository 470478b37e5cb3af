//! The bundled subtests.
