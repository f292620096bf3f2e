"""What other data sets call the things that cues look for, in nuScenes' names."""

from __future__ import annotations

import re

_NAMES = {
    "human.pedestrian.adult": ("pedestrian", "person", "adult"),
    "human.pedestrian.child": ("child",),
    "human.pedestrian.personal_mobility": ("wheeled_rider",),
    "human.pedestrian.stroller": ("stroller",),
    "human.pedestrian.wheelchair": ("wheelchair",),
    "human.pedestrian.construction_worker": ("construction_worker",),
    "human.pedestrian.police_officer": ("police_officer", "official_signaler"),
    "vehicle.bicycle": ("bicycle", "bicyclist", "cyclist", "wheeled_device"),
    "vehicle.motorcycle": ("motorcycle", "motorcyclist", "motorbike"),
    "vehicle.car": ("car", "regular_vehicle"),
    "vehicle.bus.rigid": ("bus", "school_bus"),
    "vehicle.bus.bendy": ("articulated_bus",),
    "vehicle.truck": ("truck", "large_vehicle", "box_truck", "truck_cab"),
    "vehicle.trailer": ("trailer", "vehicular_trailer", "traffic_light_trailer", "message_board_trailer"),
    "vehicle.construction": ("construction_vehicle",),
    "vehicle.emergency.ambulance": ("emergency_vehicle", "ambulance"),
    "movable_object.trafficcone": ("traffic_cone", "trafficcone", "construction_cone", "construction_barrel"),
    "movable_object.barrier": ("barrier", "czone_sign"),
    "animal": ("animal", "dog"),
}  # fmt: skip
"""Names of Lyft L5, T4, Argoverse 2 and nuPlan, without their capitals."""
_KNOWN = {other: name for name, others in _NAMES.items() for other in others}
_GAPS = re.compile(r"[\s_.-]+")


def nuscenes_category(name: str) -> str:
    """nuScenes' name for a category, or the name as it is where nuScenes has none.

    >>> nuscenes_category("CONSTRUCTION_CONE"), nuscenes_category("Traffic Cone"), nuscenes_category("vehicle.car")
    ('movable_object.trafficcone', 'movable_object.trafficcone', 'vehicle.car')
    """
    return _KNOWN.get(_GAPS.sub("_", name.strip().lower()), name)
