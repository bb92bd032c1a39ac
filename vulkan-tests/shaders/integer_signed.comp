#version 460
#extension GL_GOOGLE_include_directive : require
// Signed arithmetic of 32 bits.
#define OPERANDS 2
#include "map.glsl"
void main() {
    BEGIN;
    int a = INT(0), b = INT(1), high, low;
    put(a + b);
    put(a - b);
    put(a * b);
    // The quotient of the smallest number and -1, and of anything and 0, is left open.
    bool whole = b != 0 && !(a == -2147483648 && b == -1);
    put(whole ? a / b : 0);
    put(whole && a >= 0 && b >= 0 ? a % b : 0);
    put(a / 7);
    put(-a);
    put(abs(a));
    put(sign(a));
    put(a << (b & 31));
    put(a >> (b & 31));
    put(min(a, b));
    put(max(a, b));
    put(clamp(a, -100, 100));
    put(a < b);
    put(a <= b);
    put(a >= b);
    put(a > b);
    imulExtended(a, b, high, low);
    put(high);
    put(low);
    put(a < 0 ? b : a);
    put(mix(a, b, (a & 1) == 1));
}
