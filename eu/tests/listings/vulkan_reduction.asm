L0:
(W)     mov (8|M0)               r30.0<1>:ud   r0.1<0;1,0>:ud                  
(W)     shl (8|M0)               r2.0<1>:d     r20.1<0;1,0>:d    0x4:ud             
(W)     add (8|M0)               r26.0<1>:d    r30.0<0;1,0>:d    r19.2<0;1,0>:d   {Compacted,@2}
(W)     mov (8|M0)               r5.0<1>:uw    0x76543210:v                              
(W)     shl (8|M0)               r8.0<1>:d     r26.0<0;1,0>:d    0x6:ud              {@2}
(W)     add (8|M0)               r5.8<1>:uw    r5.0<8;8,1>:uw    0x8:uw              {Compacted,@2}
(W)     sync.nop                             null                             {@1}
        mov (16|M0)              r3.0<1>:ud    r5.0<8;8,1>:uw                  
(W)     sync.nop                             null                             {@1}
        add (16|M0)              r25.0<1>:d    r3.0<8;8,1>:d     r2.0<0;1,0>:d    {Compacted}
        and (16|M0)              r9.0<1>:ud    r25.0<8;8,1>:ud   0x3F:ud              {Compacted,@1}
(W)     sync.nop                             null                             {@1}
        add (16|M0)              r11.0<1>:d    r8.0<0;1,0>:d     r9.0<8;8,1>:d    {Compacted}
        shl (16|M0)              r13.0<1>:d    r9.0<8;8,1>:d     0x2:ud             
        shl (16|M0)              r15.0<1>:d    r11.0<8;8,1>:d    0x2:ud              {@2}
        send.dc1 (16|M0)         r17      r15     null    0x0            0x04205E01           {@1,$0} // wr:2+0, rd:2; untyped surface read with x
(W)     sync.nop                             null                             {$0.dst}
        send.dc1 (16|M0)         null     r13     r17     0x80            0x04025EFE           {@2,$1} // wr:2+2, rd:0; untyped surface write with x
(W)     sync.allwr                           null                            
(W)     send.dc0 (1|M0)          r19      r0      null    0x0            0x0219E0FE           {@7,$2} // wr:1h+0, rd:1; synchronized SLM fence
(W)     sync.nop                             null                             {$2.dst}
(W)     mov (8|M0)               r20.0<1>:ud   0x0:ud                             
(W)     and (1|M0)               r20.2<1>:ud   r0.2<0;1,0>:ud    0x7F000000:ud              {@1}
(W)     send.gtwy (16|M0)        null     r20     null    0x0            0x02000004           {@1,$3} // wr:1+0, rd:0; signal barrier
(W)     sync.bar                             null                            
        cmp (16|M0)   (lt)f0.0   null<1>:ud    r11.0<8;8,1>:ud   r1.0<0;1,0>:ud  
(f0.0)  if (16|M0)                           L488                  L488                
L392:
        shl (16|M0)              r21.0<1>:d    -r9.0<8;8,1>:d    0x2:ud             
        math.sin (16|M0)         r27.0<1>:f    r17.0<8;8,1>:f                   {$1}
        add (16|M0)              r23.0<1>:d    r21.0<8;8,1>:d    252:d               {Compacted,@1}
        send.dc1 (16|M0)         r6       r23     null    0x0            0x04205EFE           {@1,$4} // wr:2+0, rd:2; untyped surface read with x
(W)     sync.nop                             null                             {$4.dst}
        mad (16|M0)              r29.0<1>:f    r27.0<8;1>:f      r1.1<0;0>:f       r6.0<1>:f        {Compacted,$1.dst}
        send.dc1 (16|M0)         null     r15     r29     0x80            0x04025E02           {@1,$0} // wr:2+2, rd:0; untyped surface write with x
L488:
        endif (16|M0)                        L504                                
L504:
(W)     mov (8|M0)               r127.0<1>:ud  r0.0<8;8,1>:ud                  
(W)     send.ts (16|M0)          null     r127    null    0x0            0x02000000           {EOT,@1} // wr:1+0, rd:0; end of thread
L536:
