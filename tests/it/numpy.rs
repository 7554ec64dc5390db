//! numpy's default `argsort` of float64, by which the references order predictions: unstable, so equal scores come in an order of its own.

/// Ranges no longer than this are sorted by insertion, which is stable.
const SMALL: usize = 16;

/// Indices that sort `values` ascending, equal ones as numpy 1.23's quicksort leaves them.
pub fn argsort(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    quicksort(values, &mut order);
    order
}

/// Median of three, partitioned around it from both ends. numpy turns to heapsort beyond twice log2(n) levels, which random scores do
/// not reach.
fn quicksort(values: &[f64], order: &mut [usize]) {
    if order.len() <= SMALL {
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        return;
    }
    let last = order.len() - 1;
    let middle = last / 2;
    for (low, high) in [(0, middle), (middle, last), (0, middle)] {
        if values[order[high]] < values[order[low]] {
            order.swap(low, high);
        }
    }
    let pivot = values[order[middle]];
    order.swap(middle, last - 1);
    let (mut left, mut right) = (0, last - 1);
    loop {
        left += 1;
        while values[order[left]] < pivot {
            left += 1;
        }
        right -= 1;
        while pivot < values[order[right]] {
            right -= 1;
        }
        if left >= right {
            break;
        }
        order.swap(left, right);
    }
    order.swap(left, last - 1);
    let (below, rest) = order.split_at_mut(left);
    quicksort(values, below);
    quicksort(values, &mut rest[1..]);
}

#[test]
fn equal_values_come_in_numpys_order() {
    assert_eq!(argsort(&[1.0, 0.0, 1.0, 0.0]), [1, 3, 0, 2], "short ones keep their order");
    // By numpy 1.23.5.
    let mixed: Vec<f64> = (0..17).map(|index| f64::from(index * 7 % 3)).collect();
    assert_eq!(argsort(&mixed), [0, 12, 3, 9, 6, 15, 13, 10, 16, 4, 1, 7, 5, 11, 2, 14, 8]);
}
