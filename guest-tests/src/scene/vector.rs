//! Three numbers: a place, a way or a color.

use std::ops::{Add, Mul, Sub};

/// Three numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vector {
    /// To the right, or red.
    pub x: f32,
    /// Up, or green.
    pub y: f32,
    /// Away, or blue.
    pub z: f32,
}

impl Vector {
    /// One of these three.
    pub const fn new(x: f32, y: f32, z: f32) -> Self {
        Self { x, y, z }
    }

    /// All three alike.
    pub const fn all(value: f32) -> Self {
        Self::new(value, value, value)
    }

    /// The sum of the products.
    pub fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    /// What is at right angles to both.
    pub fn cross(self, other: Self) -> Self {
        Self::new(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }

    /// The same way, of length 1.
    pub fn normal(self) -> Self {
        self * (1.0 / self.dot(self).sqrt())
    }

    /// Part of the way to another.
    pub fn mix(self, other: Self, part: f32) -> Self {
        self + (other - self) * part
    }

    /// Each number by a function.
    pub fn map(self, each: impl Fn(f32) -> f32) -> Self {
        Self::new(each(self.x), each(self.y), each(self.z))
    }
}

impl Add for Vector {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for Vector {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Mul<f32> for Vector {
    type Output = Self;

    fn mul(self, by: f32) -> Self {
        self.map(|it| it * by)
    }
}

impl Mul for Vector {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::new(self.x * other.x, self.y * other.y, self.z * other.z)
    }
}
