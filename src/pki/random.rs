//! Bytes that nobody can guess.

use rustls::crypto::ring;

use super::PkiError;

/// Random bytes from the system's own source.
pub fn random<const N: usize>() -> Result<[u8; N], PkiError> {
    let mut bytes = [0; N];
    ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| PkiError::Random)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike() {
        let (one, other) = (random::<16>().unwrap(), random::<16>().unwrap());
        assert_ne!(one, other);
    }
}
