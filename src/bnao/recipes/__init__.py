"""Recipes: whole configurations with names, one TOML file each. Imports no torch."""

from bnao.recipes.load import describe_recipe as describe_recipe
from bnao.recipes.load import load_recipe as load_recipe
from bnao.recipes.load import load_train_recipe as load_train_recipe
from bnao.recipes.load import recipe_names as recipe_names
from bnao.recipes.load import train_recipe_names as train_recipe_names
from bnao.recipes.nearest import usual_settings as usual_settings
