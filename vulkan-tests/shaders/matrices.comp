#version 460
#extension GL_GOOGLE_include_directive : require
// Matrices of 3 by 3 and 4 by 4 small whole numbers: every result is exact.
#define OPERANDS 16
#include "map.glsl"
void put(vec4 v) { put(v.x); put(v.y); put(v.z); put(v.w); }
void main() {
    BEGIN;
    mat4 m;
    for (int column = 0; column < 4; column++)
        for (int row = 0; row < 4; row++)
            m[column][row] = float(int(OPERAND(column * 4 + row) % 16u) - 8);
    mat4 square = m * m;
    for (int column = 0; column < 4; column++) put(square[column]);
    put(m * vec4(1, 2, 3, 4));
    put(vec4(1, 2, 3, 4) * m);
    mat4 turned = transpose(m);
    put(turned[1]);
    put(determinant(mat3(m)));
    put(matrixCompMult(m, turned)[2]);
    mat2x4 outer = outerProduct(m[0], m[1].xy);
    put(outer[1]);
    mat3 part = mat3(m) + mat3(2.0);
    put(part[2][2]);
    // The inverse of a triangle of ones and whole numbers is whole.
    mat3 triangle = mat3(1, 0, 0, m[0][1], 1, 0, m[0][2], m[1][2], 1);
    mat3 back = inverse(triangle);
    put(back[1][0]); put(back[2][0]); put(back[2][1]);
}
