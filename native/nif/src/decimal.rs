//! Numbers as text.

/// A number's digits.
pub(crate) struct Decimal {
    digits: [u8; 20],
    first: usize,
}

impl Decimal {
    pub(crate) const fn of(mut number: u64) -> Decimal {
        let mut decimal = Decimal { digits: [b'0'; 20], first: 19 };
        while number >= 10 {
            decimal.digits[decimal.first] = b'0' + (number % 10) as u8;
            decimal.first -= 1;
            number /= 10;
        }
        decimal.digits[decimal.first] = b'0' + number as u8;
        decimal
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.digits.get(self.first..).unwrap_or_default()
    }
}
