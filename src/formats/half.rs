//! IEEE half precision, as stored features and the reference's resize use it.

/// The value of 16 bits of a half-precision number.
pub(super) fn from_bits(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from((bits >> 10) & 0x1f);
    let mantissa = f32::from(bits & 0x3ff);
    sign * match exponent {
        0 => mantissa * 2f32.powi(-24),
        31 if mantissa == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + mantissa) * 2f32.powi(exponent - 25),
    }
}

/// The nearest half-precision number, ties to even; above 65519 infinity.
pub(super) fn round(value: f32) -> f32 {
    if !value.is_finite() || value == 0.0 {
        return value;
    }
    let exponent = ((value.to_bits() >> 23) & 0xff) as i32 - 127;
    // Below 2^-14 halves are evenly spaced. Powers of two scale exactly.
    let spacing = 2f64.powi(exponent.max(-14) - 10);
    let rounded = (f64::from(value) / spacing).round_ties_even() * spacing;
    if rounded.abs() > 65504.0 { f32::INFINITY.copysign(value) } else { rounded as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_half_rounds_to_itself() {
        for bits in (0..=u16::MAX).filter(|bits| bits & 0x7c00 != 0x7c00) {
            let value = from_bits(bits);
            assert_eq!(round(value).to_bits(), value.to_bits(), "{bits:#x}");
        }
    }

    #[test]
    fn ties_go_to_even_and_large_values_overflow() {
        assert_eq!(round(2049.0), 2048.0);
        assert_eq!(round(2051.0), 2052.0);
        assert_eq!(round(65519.0), 65504.0);
        assert_eq!(round(-65520.0), f32::NEG_INFINITY);
        assert_eq!(round(2f32.powi(-25)), 0.0);
        assert_eq!(round(3.0 * 2f32.powi(-26)), 2f32.powi(-24));
        assert_eq!((from_bits(0x3c00), from_bits(0xc000), from_bits(1)), (1.0, -2.0, 2f32.powi(-24)));
    }
}
