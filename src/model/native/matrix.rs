//! Products of matrices in plain memory.

use gemm::Parallelism;

/// A matrix that lies in a slice: `rows` x `columns`, neighbours of a row `step` apart, rows `stride` apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    stride: usize,
    step: usize,
}

impl<'a> View<'a> {
    /// Row-major, whole.
    pub(super) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self { values, rows, columns, stride: columns, step: 1 }
    }

    /// `columns` columns from `first` on.
    pub(super) fn columns(self, first: usize, columns: usize) -> Self {
        Self { values: &self.values[(first * self.step).min(self.values.len())..], columns, ..self }
    }

    /// Every element `(row, column)` of a weight `[rows, columns, taps]` at one tap.
    pub(super) fn tap(values: &'a [f32], rows: usize, columns: usize, taps: usize, tap: usize) -> Self {
        Self { values: &values[tap..], rows, columns, stride: columns * taps, step: taps }
    }

    /// Rows for columns.
    pub(super) fn transposed(self) -> Self {
        Self { rows: self.columns, columns: self.rows, stride: self.step, step: self.stride, ..self }
    }

    fn fits(&self, values: usize) -> bool {
        let last = self.rows.saturating_sub(1) * self.stride + self.columns.saturating_sub(1) * self.step;
        self.rows == 0 || self.columns == 0 || last < values
    }
}

/// Where a product goes: as [`View`], to write.
pub(super) struct Target<'a> {
    values: &'a mut [f32],
    stride: usize,
    step: usize,
}

impl<'a> Target<'a> {
    /// Row-major with rows `stride` apart, from element `first` on.
    pub(super) fn new(values: &'a mut [f32], first: usize, stride: usize) -> Self {
        Self { values: &mut values[first..], stride, step: 1 }
    }

    /// The tap `tap` of a weight `[rows, columns, taps]`.
    pub(super) fn tap(values: &'a mut [f32], columns: usize, taps: usize, tap: usize) -> Self {
        Self { values: &mut values[tap..], stride: columns * taps, step: taps }
    }

    /// Becomes `a · b`, or with `add` itself plus that.
    pub(super) fn product(self, a: View<'_>, b: View<'_>, add: bool) {
        let target = View { values: &[], rows: a.rows, columns: b.columns, stride: self.stride, step: self.step };
        let fits = a.columns == b.rows && a.fits(a.values.len()) && b.fits(b.values.len());
        if !fits || !target.fits(self.values.len()) {
            debug_assert!(false, "matrices that do not fit: {a:?} {b:?}");
            return;
        }
        #[expect(
            unsafe_code,
            reason = "the GEMM crate takes pointers; every element they reach was checked just above"
        )]
        // SAFETY: `fits` holds for all three: the largest offset that rows and columns reach lies inside its slice, and the target is
        // borrowed exclusively.
        unsafe {
            gemm::gemm(
                a.rows,
                b.columns,
                a.columns,
                self.values.as_mut_ptr(),
                self.step as isize,
                self.stride as isize,
                add,
                a.values.as_ptr(),
                a.step as isize,
                a.stride as isize,
                b.values.as_ptr(),
                b.step as isize,
                b.stride as isize,
                1.0f32,
                1.0f32,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_blocks_taps_and_transposes_are_those_by_hand() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]; // [2, 3]
        let b = [1.0, 0.0, 2.0, 1.0, 1.0, 1.0, 0.0, 3.0, 1.0]; // [3, 3]
        let mut out = vec![1.0; 4];
        Target::new(&mut out, 0, 2).product(View::new(&a, 2, 3), View::new(&b, 3, 3).columns(1, 2), true);
        assert_eq!(out, [12.0, 8.0, 24.0, 20.0]);
        let mut square = vec![0.0; 9];
        Target::new(&mut square, 0, 3).product(View::new(&a, 2, 3).transposed(), View::new(&a, 2, 3), false);
        assert_eq!(square, [17.0, 22.0, 27.0, 22.0, 29.0, 36.0, 27.0, 36.0, 45.0]);
        // A weight [1, 3, 2]: its second tap is 2, 4, 6.
        let mut one = vec![0.0; 3];
        Target::new(&mut one, 0, 3).product(View::tap(&a, 1, 3, 2, 1), View::new(&b, 3, 3), false);
        assert_eq!(one, [2.0 + 4.0, 4.0 + 18.0, 4.0 + 4.0 + 6.0]);
    }
}
