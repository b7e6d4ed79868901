"""Semantic events of a shop: products, carts, checkouts, orders, coupons, wishlists, sharing and reviews.

Nothing is required. Amounts are numbers in the unit of `currency`. Source: Pipelines spec of ecommerce events, as
carried in `specs/semantic_events.json`.
"""

from __future__ import annotations

from typing import TypedDict

from ciokit.pipelines_api.semantic.event import event
from ciokit.pipelines_api.semantic.shape import Number


class ProductKey(TypedDict, total=False):
    """Which product it is about."""

    product_id: str


class ProductDescription(ProductKey, total=False):
    """What a product is."""

    sku: str
    category: str
    name: str
    brand: str
    variant: str
    price: Number
    url: str
    image_url: str


class Product(ProductDescription, total=False):
    """A product in a list, a cart or an order."""

    quantity: int
    coupon: str
    position: Number


class Products(TypedDict, total=False):
    """Several products."""

    products: list[Product]


class CartKey(TypedDict, total=False):
    """Which cart it is about."""

    cart_id: str


class Wishlist(TypedDict, total=False):
    """Which wishlist it is about."""

    wishlist_id: str
    wishlist_name: str


class Sharing(TypedDict, total=False):
    """How something is shared, and with whom."""

    share_via: str
    share_message: str
    recipient: str


class ListChoice(TypedDict, total=False):
    """A filter or a sort order chosen for a product list."""

    type: str
    value: str


class ProductListViewed(Products, total=False):
    """Properties of `Product List Viewed`."""

    list_id: str
    category: str


class ProductListFiltered(ProductListViewed, total=False):
    """Properties of `Product List Filtered`."""

    filters: list[ListChoice]
    sorts: list[ListChoice]


class ProductsSearched(TypedDict, total=False):
    """Properties of `Products Searched`."""

    query: str


class Promotion(TypedDict, total=False):
    """Properties of `Promotion Viewed` and `Promotion Clicked`; their `position` is text, not a number."""

    promotion_id: str
    creative: str
    name: str
    position: str


class ProductViewed(Product, total=False):
    """Properties of `Product Viewed` and `Product Clicked`."""

    currency: str
    value: Number


class ProductInCart(Product, CartKey, total=False):
    """Properties of `Product Added` and `Product Removed`."""


class CartViewed(Products, CartKey, total=False):
    """Properties of `Cart Viewed`."""


class CheckoutStep(TypedDict, total=False):
    """Properties of `Checkout Step Viewed` and `Checkout Step Completed`."""

    checkout_id: str
    step: int
    shipping_method: str
    payment_method: str


class PaymentInfoEntered(CheckoutStep, total=False):
    """Properties of `Payment Info Entered`."""

    order_id: str


class Order(Products, total=False):
    """Properties of `Order Updated`."""

    order_id: str
    affiliation: str
    revenue: Number
    shipping: Number
    tax: Number
    discount: Number
    coupon: str
    currency: str


class CheckoutStarted(Order, total=False):
    """Properties of `Checkout Started`."""

    value: Number


class OrderCancelled(Order, total=False):
    """Properties of `Order Cancelled`."""

    total: Number


class OrderCompleted(OrderCancelled, total=False):
    """Properties of `Order Completed` and `Order Refunded`."""

    checkout_id: str
    subtotal: Number


class CouponEntered(CartKey, total=False):
    """Properties of `Coupon Entered`."""

    order_id: str
    coupon_id: str


class Coupon(CouponEntered, total=False):
    """A coupon that is known to the shop."""

    coupon_name: str


class CouponApplied(Coupon, total=False):
    """Properties of `Coupon Applied` and `Coupon Removed`."""

    discount: Number


class CouponDenied(Coupon, total=False):
    """Properties of `Coupon Denied`."""

    reason: str


class WishlistProduct(Product, Wishlist, total=False):
    """Properties of `Product Added to Wishlist` and `Product Removed from Wishlist`."""


class WishlistProductInCart(WishlistProduct, CartKey, total=False):
    """Properties of `Wishlist Product Added to Cart`."""


class ProductShared(ProductDescription, Sharing, total=False):
    """Properties of `Product Shared`."""


class CartShared(CartKey, Sharing, total=False):
    """Properties of `Cart Shared`: its products have nothing but an id."""

    products: list[ProductKey]


class ProductReviewed(ProductKey, total=False):
    """Properties of `Product Reviewed`."""

    review_id: str
    review_body: str
    rating: int


products_searched = event("Products Searched", ProductsSearched)
product_list_viewed = event("Product List Viewed", ProductListViewed)
product_list_filtered = event("Product List Filtered", ProductListFiltered)
promotion_viewed = event("Promotion Viewed", Promotion)
promotion_clicked = event("Promotion Clicked", Promotion)
product_clicked = event("Product Clicked", ProductViewed)
product_viewed = event("Product Viewed", ProductViewed)
product_added = event("Product Added", ProductInCart)
product_removed = event("Product Removed", ProductInCart)
cart_viewed = event("Cart Viewed", CartViewed)
checkout_started = event("Checkout Started", CheckoutStarted)
checkout_step_viewed = event("Checkout Step Viewed", CheckoutStep)
checkout_step_completed = event("Checkout Step Completed", CheckoutStep)
payment_info_entered = event("Payment Info Entered", PaymentInfoEntered)
order_completed = event("Order Completed", OrderCompleted)
order_updated = event("Order Updated", Order)
order_refunded = event("Order Refunded", OrderCompleted)
order_cancelled = event("Order Cancelled", OrderCancelled)
coupon_entered = event("Coupon Entered", CouponEntered)
coupon_applied = event("Coupon Applied", CouponApplied)
coupon_denied = event("Coupon Denied", CouponDenied)
coupon_removed = event("Coupon Removed", CouponApplied)
product_added_to_wishlist = event("Product Added to Wishlist", WishlistProduct)
product_removed_from_wishlist = event("Product Removed from Wishlist", WishlistProduct)
wishlist_product_added_to_cart = event("Wishlist Product Added to Cart", WishlistProductInCart)
product_shared = event("Product Shared", ProductShared)
cart_shared = event("Cart Shared", CartShared)
product_reviewed = event("Product Reviewed", ProductReviewed)
