//! Natural order: `slappart2` before `slappart10`.

/// Width to which a run of digits is padded: that of the largest 64-bit number.
const WIDTH: usize = 20;

/// A key whose order as text is the natural order of the texts it is made from.
///
/// Runs of digits are compared as numbers, everything else by code point.
pub fn natural_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len() + WIDTH);
    let mut digits = String::new();
    let flush = |digits: &mut String, key: &mut String| {
        if !digits.is_empty() {
            let significant = digits.trim_start_matches('0');
            key.extend(std::iter::repeat_n(
                '0',
                WIDTH.saturating_sub(significant.len()),
            ));
            key.push_str(significant);
            digits.clear();
        }
    };
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
        } else {
            flush(&mut digits, &mut key);
            key.push(character);
        }
    }
    flush(&mut digits, &mut key);
    key
}

#[cfg(test)]
mod tests {
    use super::natural_key;

    #[test]
    fn digits_compare_as_numbers() {
        let mut names = vec![
            "slappart10",
            "slappart2",
            "slappart",
            "slappart0",
            "a9b10",
            "a9b9",
        ];
        names.sort_by_key(|n| natural_key(n));
        assert_eq!(
            names,
            [
                "a9b9",
                "a9b10",
                "slappart",
                "slappart0",
                "slappart2",
                "slappart10"
            ]
        );
    }
}
