//! Vectors and matrices.

use super::check::Expected;
use super::data::Random;
use super::{Test, map};

/// The tests.
pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new("vectors::geometry", |rig| {
            let mut random = Random::new(51);
            let data: Vec<u32> = (0..8 * 300)
                .map(|_| random.float(-10.0, 10.0).to_bits())
                .collect();
            map(rig, "vectors", 8, &data, geometry)
        })
        .both(),
        Test::new("vectors::matrices", |rig| {
            let data = Random::new(52).dwords(16 * 150);
            map(rig, "matrices", 16, &data, matrices)
        })
        .both(),
    ]
}

fn geometry(o: &[u32], e: &mut Expected) {
    let all: Vec<f64> = o.iter().map(|it| f32::from_bits(*it).into()).collect();
    let (a, b) = (&all[..4], &all[4..]);
    // Inherited from products and their sum: a unit in the last place of the largest for each.
    let ulp = f64::from(f32::EPSILON);
    let dot = |a: &[f64], b: &[f64]| -> (f64, f64) {
        let products = a.iter().zip(b).map(|(a, b)| a * b);
        (
            products.clone().sum(),
            products.map(f64::abs).sum::<f64>() * 4.0 * ulp,
        )
    };
    let mut put = |name, (value, error)| e.within(name, value, error);
    put("dot", dot(a, b));
    put("dot of two", dot(&a[..2], &b[2..]));
    for (i, j) in [(1, 2), (2, 0), (0, 1)] {
        let (p, q) = (a[i] * b[j + 1], a[j] * b[i + 1]);
        put("cross", (p - q, (p.abs() + q.abs()) * 2.0 * ulp));
    }
    let length = dot(&a[..3], &a[..3]).0.sqrt();
    put("length", (length, length * 10.0 * ulp));
    let apart = [a[0] - b[0], a[1] - b[1]];
    let distance = dot(&apart, &apart).0.sqrt();
    put("distance", (distance, 20.0 * 10.0 * ulp));
    for it in &a[..3] {
        put("normalize", (it / length, 10.0 * ulp));
    }
    for (number, it) in a[..3].iter().enumerate() {
        let value = if number == 1 { -it } else { *it };
        put("reflect", (value, 40.0 * ulp));
    }
    let turned = if b[0] < 0.0 { 1.0 } else { -1.0 };
    for it in &a[..3] {
        put("faceforward", (it * turned, 0.0));
    }
    for (i, j) in [(3, 0), (1, 0), (0, 2)] {
        let sum = a[i] + b[j];
        put("swizzled sum", (sum, sum.abs() * ulp));
    }
}

fn matrices(o: &[u32], e: &mut Expected) {
    // m[column][row], small whole numbers with a sign.
    let m: Vec<Vec<i32>> = o
        .chunks_exact(4)
        .map(|column| column.iter().map(|it| (it % 16) as i32 - 8).collect())
        .collect();
    let mut put = |name, value: i32| {
        let value = value as f32;
        let expect = match value == 0.0 {
            // Zero's sign is left open.
            true => super::check::Expect::Within(0.0, 0.0),
            false => super::check::Expect::float(value),
        };
        e.put(name, expect);
    };
    let range = 0..4usize;
    for column in range.clone() {
        for row in range.clone() {
            let sum = range.clone().map(|k| m[k][row] * m[column][k]).sum();
            put("m * m", sum);
        }
    }
    for row in range.clone() {
        put(
            "m * v",
            range.clone().map(|k| m[k][row] * (k as i32 + 1)).sum(),
        );
    }
    for column in range.clone() {
        put(
            "v * m",
            range.clone().map(|k| m[column][k] * (k as i32 + 1)).sum(),
        );
    }
    range.clone().for_each(|row| put("transpose", m[row][1]));
    let minor = |a: usize, b: usize| m[a][1] * m[b][2] - m[b][1] * m[a][2];
    let determinant = m[0][0] * minor(1, 2) - m[1][0] * minor(0, 2) + m[2][0] * minor(0, 1);
    put("determinant", determinant);
    range
        .clone()
        .for_each(|row| put("matrixCompMult", m[2][row] * m[row][2]));
    range
        .clone()
        .for_each(|row| put("outerProduct", m[0][row] * m[1][1]));
    put("mat3 +", m[2][2] + 2);
    // Columns (1, a, b), (0, 1, c), (0, 0, 1).
    let (a, b, c) = (m[0][1], m[0][2], m[1][2]);
    for value in [-a, a * c - b, -c].map(f64::from) {
        e.within(
            "inverse",
            value,
            value.abs() * 8.0 * f64::from(f32::EPSILON),
        );
    }
}
