;; The exact scan's inner loops over rows of bytes, 0 to 255. They keep the conventions of scan.wat: a list of row numbers
;; in, one float32 a row out, larger is nearer, the same bits on all machines.
;;
;; The query has 16-bit numbers, so it is twice as long as a row. Sums are of whole numbers and exact: below 2^31 in a
;; lane and below 2^32 together, up to 65,536 dimensions.
(module
  (import "block" "memory" (memory 1 65536 shared))

  ;; The sum of four whole numbers.
  (func $total (param $sum v128) (result i32)
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
      (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum)))))

  ;; Dot product.
  (func (export "dot")
    (param $query i32) (param $list i32) (param $count i32)
    (param $rows i32) (param $rowBytes i32) (param $scores i32)
    (local $listEnd i32) (local $queryAt i32) (local $row i32) (local $rowEnd i32)
    (local $bytes v128) (local $low v128) (local $high v128) (local $sum v128)
    (local.set $listEnd (i32.add (local.get $list) (i32.shl (local.get $count) (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $list) (local.get $listEnd)))
      (local.set $row (i32.add (local.get $rows)
        (i32.mul (i32.load (local.get $list)) (local.get $rowBytes))))
      (local.set $rowEnd (i32.add (local.get $row) (local.get $rowBytes)))
      (local.set $queryAt (local.get $query))
      (local.set $sum (v128.const i32x4 0 0 0 0))
      (loop $lanes
        (local.set $bytes (v128.load (local.get $row)))
        (local.set $low (i16x8.extend_low_i8x16_u (local.get $bytes)))
        (local.set $high (i16x8.extend_high_i8x16_u (local.get $bytes)))
        (local.set $sum (i32x4.add (local.get $sum) (i32x4.add
          (i32x4.dot_i16x8_s (local.get $low) (v128.load (local.get $queryAt)))
          (i32x4.dot_i16x8_s (local.get $high) (v128.load offset=16 (local.get $queryAt))))))
        (local.set $queryAt (i32.add (local.get $queryAt) (i32.const 32)))
        (local.set $row (i32.add (local.get $row) (i32.const 16)))
        (br_if $lanes (i32.lt_u (local.get $row) (local.get $rowEnd))))
      (f32.store (local.get $scores) (f32.convert_i32_u (call $total (local.get $sum))))
      (local.set $list (i32.add (local.get $list) (i32.const 4)))
      (local.set $scores (i32.add (local.get $scores) (i32.const 4)))
      (br $next))))

  ;; Cosine of the angle; 0 where one of the two is zero.
  (func (export "cosine")
    (param $query i32) (param $list i32) (param $count i32)
    (param $rows i32) (param $rowBytes i32) (param $scores i32)
    (local $listEnd i32) (local $queryAt i32) (local $row i32) (local $rowEnd i32)
    (local $bytes v128) (local $low v128) (local $high v128) (local $sum v128)
    (local $squares v128) (local $queryEnd i32) (local $queryLength f64) (local $lengths f64)
    (local.set $queryAt (local.get $query))
    (local.set $queryEnd (i32.add (local.get $query) (i32.shl (local.get $rowBytes) (i32.const 1))))
    (loop $lanes
      (local.set $low (v128.load (local.get $queryAt)))
      (local.set $squares (i32x4.add (local.get $squares)
        (i32x4.dot_i16x8_s (local.get $low) (local.get $low))))
      (local.set $queryAt (i32.add (local.get $queryAt) (i32.const 16)))
      (br_if $lanes (i32.lt_u (local.get $queryAt) (local.get $queryEnd))))
    (local.set $queryLength (f64.convert_i32_u (call $total (local.get $squares))))
    (local.set $listEnd (i32.add (local.get $list) (i32.shl (local.get $count) (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $list) (local.get $listEnd)))
      (local.set $row (i32.add (local.get $rows)
        (i32.mul (i32.load (local.get $list)) (local.get $rowBytes))))
      (local.set $rowEnd (i32.add (local.get $row) (local.get $rowBytes)))
      (local.set $queryAt (local.get $query))
      (local.set $sum (v128.const i32x4 0 0 0 0))
      (local.set $squares (v128.const i32x4 0 0 0 0))
      (loop $lanes
        (local.set $bytes (v128.load (local.get $row)))
        (local.set $low (i16x8.extend_low_i8x16_u (local.get $bytes)))
        (local.set $high (i16x8.extend_high_i8x16_u (local.get $bytes)))
        (local.set $sum (i32x4.add (local.get $sum) (i32x4.add
          (i32x4.dot_i16x8_s (local.get $low) (v128.load (local.get $queryAt)))
          (i32x4.dot_i16x8_s (local.get $high) (v128.load offset=16 (local.get $queryAt))))))
        (local.set $squares (i32x4.add (local.get $squares) (i32x4.add
          (i32x4.dot_i16x8_s (local.get $low) (local.get $low))
          (i32x4.dot_i16x8_s (local.get $high) (local.get $high)))))
        (local.set $queryAt (i32.add (local.get $queryAt) (i32.const 32)))
        (local.set $row (i32.add (local.get $row) (i32.const 16)))
        (br_if $lanes (i32.lt_u (local.get $row) (local.get $rowEnd))))
      (local.set $lengths (f64.sqrt (f64.mul (local.get $queryLength)
        (f64.convert_i32_u (call $total (local.get $squares))))))
      (f32.store (local.get $scores) (f32.demote_f64 (select
        (f64.div (f64.convert_i32_u (call $total (local.get $sum))) (local.get $lengths))
        (f64.const 0)
        (f64.gt (local.get $lengths) (f64.const 0)))))
      (local.set $list (i32.add (local.get $list) (i32.const 4)))
      (local.set $scores (i32.add (local.get $scores) (i32.const 4)))
      (br $next))))

  ;; Negated sum of squared differences.
  (func (export "euclid")
    (param $query i32) (param $list i32) (param $count i32)
    (param $rows i32) (param $rowBytes i32) (param $scores i32)
    (local $listEnd i32) (local $queryAt i32) (local $row i32) (local $rowEnd i32)
    (local $bytes v128) (local $low v128) (local $high v128) (local $sum v128)
    (local.set $listEnd (i32.add (local.get $list) (i32.shl (local.get $count) (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $list) (local.get $listEnd)))
      (local.set $row (i32.add (local.get $rows)
        (i32.mul (i32.load (local.get $list)) (local.get $rowBytes))))
      (local.set $rowEnd (i32.add (local.get $row) (local.get $rowBytes)))
      (local.set $queryAt (local.get $query))
      (local.set $sum (v128.const i32x4 0 0 0 0))
      (loop $lanes
        (local.set $bytes (v128.load (local.get $row)))
        (local.set $low (i16x8.sub (v128.load (local.get $queryAt))
          (i16x8.extend_low_i8x16_u (local.get $bytes))))
        (local.set $high (i16x8.sub (v128.load offset=16 (local.get $queryAt))
          (i16x8.extend_high_i8x16_u (local.get $bytes))))
        (local.set $sum (i32x4.add (local.get $sum) (i32x4.add
          (i32x4.dot_i16x8_s (local.get $low) (local.get $low))
          (i32x4.dot_i16x8_s (local.get $high) (local.get $high)))))
        (local.set $queryAt (i32.add (local.get $queryAt) (i32.const 32)))
        (local.set $row (i32.add (local.get $row) (i32.const 16)))
        (br_if $lanes (i32.lt_u (local.get $row) (local.get $rowEnd))))
      (f32.store (local.get $scores) (f32.neg (f32.convert_i32_u (call $total (local.get $sum)))))
      (local.set $list (i32.add (local.get $list) (i32.const 4)))
      (local.set $scores (i32.add (local.get $scores) (i32.const 4)))
      (br $next))))

  ;; Negated sum of absolute differences.
  (func (export "manhattan")
    (param $query i32) (param $list i32) (param $count i32)
    (param $rows i32) (param $rowBytes i32) (param $scores i32)
    (local $listEnd i32) (local $queryAt i32) (local $row i32) (local $rowEnd i32)
    (local $bytes v128) (local $low v128) (local $high v128) (local $sum v128)
    (local.set $listEnd (i32.add (local.get $list) (i32.shl (local.get $count) (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $list) (local.get $listEnd)))
      (local.set $row (i32.add (local.get $rows)
        (i32.mul (i32.load (local.get $list)) (local.get $rowBytes))))
      (local.set $rowEnd (i32.add (local.get $row) (local.get $rowBytes)))
      (local.set $queryAt (local.get $query))
      (local.set $sum (v128.const i32x4 0 0 0 0))
      (loop $lanes
        (local.set $bytes (v128.load (local.get $row)))
        (local.set $low (i16x8.sub (v128.load (local.get $queryAt))
          (i16x8.extend_low_i8x16_u (local.get $bytes))))
        (local.set $high (i16x8.sub (v128.load offset=16 (local.get $queryAt))
          (i16x8.extend_high_i8x16_u (local.get $bytes))))
        (local.set $sum (i32x4.add (local.get $sum) (i32x4.extadd_pairwise_i16x8_u
          (i16x8.add (i16x8.abs (local.get $low)) (i16x8.abs (local.get $high))))))
        (local.set $queryAt (i32.add (local.get $queryAt) (i32.const 32)))
        (local.set $row (i32.add (local.get $row) (i32.const 16)))
        (br_if $lanes (i32.lt_u (local.get $row) (local.get $rowEnd))))
      (f32.store (local.get $scores) (f32.neg (f32.convert_i32_u (call $total (local.get $sum)))))
      (local.set $list (i32.add (local.get $list) (i32.const 4)))
      (local.set $scores (i32.add (local.get $scores) (i32.const 4)))
      (br $next))))
)
